"""A model as the critic of answers whose truth is known: the answers, the wordings of its prompt, verdicts and scores."""
