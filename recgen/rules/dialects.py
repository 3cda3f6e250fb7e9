"""Explanations of findings on older dialects; reading reports them."""

from recgen.rules.registry import rule


@rule("RG020", "info")
def older_type() -> None:
    """Older form: the type of a column.

    Configs in an older dialect give a column's kind as `type`, with the values string_embedding,
    numeric and timestamp. These are read as `data_type` text, numeric and temporal; a column
    without transforms gets the default of its kind.

    Example:
        features:
          buyer_model_features:
            - {column: customer_id, type: string_embedding}

    Use instead:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}

    Nothing needs to be done. `recgen upgrade` rewrites a file in today's form.
    """


@rule("RG021", "info")
def older_settings() -> None:
    """Older form: a setting beside `transforms`.

    An older dialect puts `embedding_dim`, `vocab_settings` and `cyclical` beside the column. They
    are read as settings of the transform to which they belong.

    Example:
        features:
          buyer_model_features:
            - {column: city, data_type: text, embedding_dim: 16, vocab_settings: {max_size: 500}}

    Use instead:
        features:
          buyer_model_features:
            - column: city
              data_type: text
              transforms: {embedding: {embedding_dim: 16, vocab_size: 500}}

    Nothing needs to be done. `recgen upgrade` rewrites a file in today's form.
    """


@rule("RG022", "info")
def older_cycle() -> None:
    """Older form: the name of a cycle.

    An older dialect calls the yearly cycle `annual`.

    Example:
        features:
          buyer_model_features:
            - {column: day, data_type: temporal, transforms: {cyclical: {annual: true}}}

    Use instead:
        features:
          buyer_model_features:
            - {column: day, data_type: temporal, transforms: {cyclical: {yearly: true}}}

    Nothing needs to be done. `recgen upgrade` rewrites a file in today's form.
    """


@rule("RG023", "info", also=("warning",))
def older_cross() -> None:
    """Older form: a cross of names.

    An older dialect gives only the names of the columns in a cross. Column, alias and type are then
    taken from the feature with this output name. If there is no such feature, the column is assumed
    to be text; this is a guess, so it is reported as a warning.

    Example:
        features:
          buyer_model_crosses:
            - features: [country, segment]

    Use instead:
        features:
          buyer_model_crosses:
            - features: [{column: country, type: text}, {column: segment, type: text}]

    Write `{column: …, type: …}` for each column, or let `recgen upgrade` do it.
    """


@rule("RG024", "info", also=("warning",))
def older_idle_setting() -> None:
    """Older form: a setting without meaning.

    A setting of an older dialect is null or does not belong to any transform, such as an
    `embedding_dim` without an embedding, or a vocabulary for a number. It is dropped; if it may
    have had a purpose, this is a warning.

    Example:
        features:
          buyer_model_features:
            - {column: age, type: numeric, embedding_dim: 16}

    Use instead:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric}

    Remove it, or add the transform that it was meant for: here, `bucketize`.
    """


@rule("RG025", "error")
def older_contradiction() -> None:
    """An older setting contradicts a current one.

    The same setting is given in both the older and the current form, with different values. Either
    may be intended, and they lead to different models.

    Example:
        features:
          buyer_model_features:
            - {column: age, type: numeric, data_type: text}

    Use instead:
        features:
          buyer_model_features:
            - {column: age, data_type: numeric}

    Keep the intended one.
    """


@rule("RG026", "info")
def renamed_key() -> None:
    """Older form: a key that was renamed.

    A later version gave this key another name. Its meaning is the same, and it is read as before.

    Example:
        model: {weight_average_decay: 0.999}

    Use instead:
        model: {ema_decay: 0.999}

    Nothing needs to be done. `recgen check --fix` and `recgen upgrade` rename it in a file.
    """


@rule("RG027", "info")
def older_value() -> None:
    """Older form: true or false, where there are more than two values.

    `refit` was true or false before there was a training with the test's rows too. true is read as
    `validation`, what it meant, and false as `none`.

    Example:
        model: {refit: true}

    Use instead:
        model: {refit: validation}

    Nothing needs to be done. `recgen check --fix` and `recgen upgrade` write the new value. Without
    the key, it is `all`: the saved model then knows the last day of the data.
    """
