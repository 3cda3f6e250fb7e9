"""Codes that reading reports, before there is a config: only their explanations."""

from recgen.rules.base import Rule

RULES = (
    Rule(
        code="RG001",
        severity="error",
        title="The config cannot be read",
        reason="The file is missing, is a directory, may not be read, is larger than 5 MB, or is "
        "no UTF-8 text. Large files are refused because they are data, not configs.",
        example="recgen check transactions.parquet",
        remedy="Name a YAML or JSON file that you may read.",
    ),
    Rule(
        code="RG002",
        severity="error",
        title="The text is not YAML or JSON",
        reason="The text cannot be parsed, holds several documents, has keys that are no plain "
        "text, or is nested deeper than 50 levels.",
        example="features: [a, b",
        remedy="Mend the syntax at the line that is named.",
    ),
    Rule(
        code="RG003",
        severity="error",
        title="A key is given twice",
        reason="Most readers of YAML let the last one win in silence, so a setting that you see "
        "in the file is not the one that is used.",
        example="model:\n  epochs: 8\n  epochs: 20",
        remedy="Keep one of them.",
    ),
    Rule(
        code="RG004",
        severity="error",
        title="A YAML tag, alias or merge key is refused",
        reason="Tags can construct objects, and aliases of aliases let a file of ten lines expand "
        "to billions of values. A plain alias of a plain value is fine.",
        example="model:\n  seed: !!python/object:os.system 1",
        remedy="Write the value out, without the tag.",
    ),
    Rule(
        code="RG005",
        severity="error",
        title="The config is empty or no mapping",
        reason="A config is a mapping with the keys `name`, `features`, `model` and `data`.",
        example="- buyer_model_features",
        remedy="Start with `name:`, `features:` and `model:`.",
    ),
    Rule(
        code="RG010",
        severity="error",
        title="Unknown key",
        reason="A key that is not known would have no effect. Ignored keys hid, for years, that "
        "weight sharing and vocabulary limits never reached the model.",
        example="model:\n  learning_rte: 0.05",
        remedy="Write the key as the message proposes, or remove it.",
    ),
    Rule(
        code="RG011",
        severity="error",
        title="A key is missing",
        reason="The key has no default that would be right for everybody.",
        example="features:\n  buyer_model_features:\n    - data_type: text",
        remedy="Add the key.",
    ),
    Rule(
        code="RG012",
        severity="error",
        title="Wrong type",
        reason='Values are never converted: `"0.05"` is text, `1.0` is no whole number and '
        "`true` is no number. Conversion is how a typing error becomes a model.",
        example='model:\n  learning_rate: "0.05"',
        remedy="Write a value of the type that is named.",
    ),
    Rule(
        code="RG013",
        severity="error",
        title="Value not allowed",
        reason="The value is outside its range or not one of the words that are known.",
        example="model:\n  optimizer: adagard",
        remedy="Choose a value within the limits of the message.",
    ),
    Rule(
        code="RG014",
        severity="error",
        title="Text that cannot be written to a file",
        reason="The text holds a NUL character or half of a surrogate pair, which no Python file "
        "in UTF-8 can hold.",
        example='name: "shop\\0"',
        remedy="Remove the character. All other Unicode is fine.",
    ),
    Rule(
        code="RG015",
        severity="error",
        title="More findings than are listed",
        reason="Hundreds of findings mostly have one cause, and nobody reads them all: 300 are "
        "listed, errors before others. It is as severe as what is not listed.",
        example="recgen check transactions.json",
        remedy="Mend what is listed, then check again.",
    ),
    Rule(
        code="RG020",
        severity="info",
        title="Older form: the type of a column",
        reason="Configs of an older dialect call a column's kind `type`, with the words "
        "string_embedding, numeric and timestamp. They are read as `data_type` text, numeric and "
        "temporal; without transforms, they have the default of their kind.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: customer_id, type: string_embedding}",
        remedy="Nothing has to be done. `recgen upgrade` rewrites a file in today's form.",
    ),
    Rule(
        code="RG021",
        severity="info",
        title="Older form: a setting beside `transforms`",
        reason="An older dialect has `embedding_dim`, `vocab_settings` and `cyclical` beside the "
        "column. They are read as settings of the transform to which they belong.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: city, data_type: text, embedding_dim: 16, vocab_settings: {max_size: 500}}",
        remedy="Nothing has to be done. `recgen upgrade` rewrites a file in today's form.",
    ),
    Rule(
        code="RG022",
        severity="info",
        title="Older form: the name of a cycle",
        reason="An older dialect calls the yearly cycle `annual`.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: day, data_type: temporal, transforms: {cyclical: {annual: true}}}",
        remedy="Nothing has to be done. `recgen upgrade` rewrites a file in today's form.",
    ),
    Rule(
        code="RG023",
        severity="info",
        title="Older form: a cross of names",
        reason="An older dialect names the columns of a cross and no more. Each is taken as the "
        "feature of this output name has it: its column, its alias, its type. Where there is "
        "no such feature, the column is taken as text, which is a guess and so a warning.",
        example="features:\n  buyer_model_crosses:\n    - features: [country, segment]",
        remedy="Write `{column: …, type: …}` for each, or let `recgen upgrade` do it.",
    ),
    Rule(
        code="RG024",
        severity="info",
        title="Older form: a setting that says nothing",
        reason="A setting of an older dialect is null, or belongs to nothing: an `embedding_dim` "
        "where no transform has one, a vocabulary of a number. It is left out; where it "
        "was meant for something, that is a warning.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: age, type: numeric, embedding_dim: 16}",
        remedy="Remove it, or add the transform that it is meant for: here, `bucketize`.",
    ),
    Rule(
        code="RG025",
        severity="error",
        title="An older setting contradicts today's",
        reason="The same is said in the older and in today's form, with different values. Either "
        "may be what was meant, and the models differ.",
        example="features:\n  buyer_model_features:\n"
        "    - {column: age, type: numeric, data_type: text}",
        remedy="Keep the one that is meant.",
    ),
)
