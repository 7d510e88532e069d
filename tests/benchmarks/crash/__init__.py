"""The kill -9 scoreboard: callbacks that fall due while workers are killed, on our side and on the peers'."""
