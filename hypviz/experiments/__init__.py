"""Experiments: whole tables of trainings, cached run by run, with means and intervals over seeds.

`plan` says what a table compares, `data` what it is trained and judged on, `work` does one run, `schedule` all of them
side by side, `table` sums them up.
"""
