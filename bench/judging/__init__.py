"""A model as the critic of answers whose truth is known: answers, wordings of the prompt, verdicts, scores."""
