"""Training of the small telephone models that the project ships (needs the `training` extra).

`python -m speech.training --help` shows the one command that makes a model folder from recordings and synthetic
voices. The steps, one module each: `lexicon` (words and phones), `voices` (synthetic speakers), `corpus` and `augment`
(who is trained on, and through which line), `features`, `network`, `objective`, `train`, `kaldi_format`, `nnet3` and
`graph` (the files libvosk reads), `vosk_evaluate` (the figures), `card` (the model card).
"""
