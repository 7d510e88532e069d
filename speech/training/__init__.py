"""Training of the small telephone models that the project ships (needs the `training` extra).

`python -m speech.training --help` shows the one command that makes the model folders from recordings and synthetic
voices. The steps, one module each: `voices` (synthetic speakers), `groups`, `corpus` and `augment` (who is trained on,
and through which line), `features`, `network`, `objective`, `train`, `kaldi_format`, `nnet3` and `export` (the files
libvosk reads), `doubt_fit`, `measures` (the figures), `card` (the model card). Words and phones: `speech.lexicon`.
"""
