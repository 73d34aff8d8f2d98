"""English: numbers and units in words, ways to ask, small talk, and the slips of speech and typing. Of use to any set."""
