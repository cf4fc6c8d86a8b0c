"""What a person wants to be told: rules, the alerts they raise, and the ways to tell.

Owns when a condition holds long enough, when it is over, acknowledging, muting, quiet hours,
the guard against floods, trials of a rule, and the sinks. Keeps nothing: what changed is handed
out to be stored. The clock is passed in. Imports `domain` alone, and of the network only what
the sinks need (smtplib, http.client).
"""
