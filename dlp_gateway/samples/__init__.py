"""Sample messages that ``dlp-gateway try`` sends: one for each thing the policy distinguishes.

All people, companies and numbers in them are invented; numbers pass their check digits.
"""
