"""The loop: what people think of answers becomes records, records train a challenger, a gate lets it in.

:mod:`~gongbang.apps.loop.judged` is what a person marked and what a record is made of it,
:mod:`~gongbang.apps.loop.collect` makes versions of data sets of what reviewers decided, and
:mod:`~gongbang.apps.loop.retrain` carries a recipe from there to the gate and beyond.
"""
