"""The local carrier: enough of Twilio's voice platform to place calls on one machine, without an account.

It posts signed webhooks, runs TwiML, forks audio over Media Streams and answers the REST calls of the
unmodified `twilio` SDK. The people on the line are scripted (`script`). Tests and the demo drive it with
`client`; `python -m ivr.localcarrier` runs it.
"""
