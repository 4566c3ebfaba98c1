"""MLflow model of a registered bundle: texts in, scores and labels out.

MLflow stores this file with the bundle and the modules of badbuzz that score, and runs it where
the model is served. Nothing else of this repository is available there.
"""

from __future__ import annotations

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from badbuzz.models.scorer import Scorer


class Sentiment(PythonModel):
    """Model that scores a table of texts with its bundle."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle, which fails if its golden scores are not reproduced."""
        self._scorer = Scorer.load(context.artifacts["bundle"])

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame) -> pd.DataFrame:
        """Return score, label and bundle for each row's ``text``, in the rows' order."""
        predictions = self._scorer.predict([str(text) for text in model_input["text"]])
        return pd.DataFrame(
            {
                "score": [one.score for one in predictions],
                "label": ["negative" if one.negative else "other" for one in predictions],
                "bundle": [one.bundle for one in predictions],
            },
            index=model_input.index,
        )


set_model(Sentiment())
