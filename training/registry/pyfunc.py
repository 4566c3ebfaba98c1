"""A registered bundle as MLflow serves it: texts in, scores and labels out.

MLflow keeps this file beside the bundle and runs it where the model is served, with the few files
of badbuzz that scoring needs: nothing else of this repository is there.
"""

from __future__ import annotations

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from badbuzz.models.scorer import Scorer


class Sentiment(PythonModel):
    """Scores a table of texts with the bundle that lies beside."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle; refused when its golden scores do not come back."""
        self._scorer = Scorer.load(context.artifacts["bundle"])

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame) -> pd.DataFrame:
        """Score, label and bundle of each row's ``text``, in the rows' order."""
        verdicts = self._scorer.predict([str(text) for text in model_input["text"]])
        return pd.DataFrame(
            {
                "score": [verdict.score for verdict in verdicts],
                "label": ["negative" if verdict.negative else "other" for verdict in verdicts],
                "bundle": [verdict.bundle for verdict in verdicts],
            },
            index=model_input.index,
        )


set_model(Sentiment())
