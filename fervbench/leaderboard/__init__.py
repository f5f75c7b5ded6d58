"""The leaderboard: entries as files in `submissions/`, their checks, and rankings that admit ties.

sources    the files of a board: a folder, or a commit that is never checked out
entry      what an entry is and says, and its trust; `entry_checks` what may be wrong with its files
entries    reading the entries of a board
wording    slugs and names: what may stand in them, what is taken for what
headline   the cells that a ranking is by, and the clips behind them
scoring    an entry's predictions scored: the result document, and what duplicates and rankings need
cache      what was found of an entry, by the hash of all it depends on
holding    a claim and a stored result beside what the predictions give
duplicates slugs that look alike, links to nothing, the same predictions twice
moves      how ranks move with a new version of a protocol
checking   all findings of a board; `against` a base: what a pull request may touch
tracks     who competes with whom
ranking    ranks, tie groups and rank intervals; the WAR against UAR front
"""
