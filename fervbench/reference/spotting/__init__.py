"""The reference baselines of spotting, SDFE-LV's Table 3: proposal networks over features of 16-frame snippets.

features   snippets through a trained recognition network, one .npy an extractor
bmn bsn    bottom-up: every pair of a likely onset and a likely offset
turn rc3d  top-down: sliding windows and anchors, moved and scored
running    a job: train, let the validation part pick the epoch, propose for the test part once, score
"""
