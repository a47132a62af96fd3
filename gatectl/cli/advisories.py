"""The verbs about bulletins: which there are, what they mean for a gate, and taking one in."""



