"""Pure detector: it folds scored tweets into closed windows and alerts."""
