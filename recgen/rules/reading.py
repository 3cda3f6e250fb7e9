"""Explanations of findings on reading a config; reading reports them."""

from recgen.rules.registry import rule


@rule("RG001", "error")
def config_unreadable() -> None:
    """The config cannot be read.

    The file does not exist, is a directory, is not readable, is larger than 5 MB, or is not UTF-8
    text. Large files are refused because they are data rather than configs.

    Example:
        recgen check transactions.parquet

    Use instead:
        recgen check config.yaml

    Name a YAML or JSON file that you have permission to read.
    """


@rule("RG002", "error")
def syntax_wrong() -> None:
    """The text is not YAML or JSON.

    The text cannot be parsed, holds several documents, has keys that are not plain text, or is
    nested more than 50 levels deep.

    Example:
        features: [a, b

    Use instead:
        features: [a, b]

    Correct the syntax at the line that the message names.
    """


@rule("RG003", "error")
def key_twice() -> None:
    """A key appears twice.

    Most YAML readers silently keep the last value, so the setting that you see in the file may not
    be the one that is used.

    Example:
        model:
          epochs: 8
          epochs: 20

    Use instead:
        model:
          epochs: 20

    Keep one of them.
    """


@rule("RG004", "error")
def yaml_refused() -> None:
    """A YAML tag, alias or merge key that is not accepted.

    Tags can construct objects, and nested aliases let a file of ten lines expand to billions of
    values. A plain alias of a plain value is fine.

    Example:
        model:
          seed: !!python/object:os.system 1

    Use instead:
        model:
          seed: 1

    Write the value out, without the tag.
    """


@rule("RG005", "error")
def not_a_mapping() -> None:
    """The config is empty or not a mapping.

    A config is a mapping with the keys `name`, `features`, `model` and `data`.

    Example:
        - buyer_model_features

    Use instead:
        features:
          buyer_model_features:
            - {column: customer_id, data_type: text}

    Start with `name:`, `features:` and `model:`.
    """


@rule("RG006", "warning")
def ignore_without_reason() -> None:
    """An ignore comment without a code or a reason.

    `# recgen: ignore RG301, RG303: reason` ignores findings. At the end of a line it applies to the
    entry that begins on that line and everything inside it; on a line of its own, to the next
    entry; above the first key, to the whole file.

    A comment without a reason ignores nothing: the next reader of the config must be able to judge
    whether the reason still holds.

    Example:
        data:
          split:
            kind: random  # recgen: ignore RG301

    Use instead:
        data:
          split:
            kind: random  # recgen: ignore RG301: the data has no dates

    Give the reason after a colon.
    """


@rule("RG007", "warning")
def ignore_unused() -> None:
    """An ignore comment that ignores nothing.

    The code does not exist, or no finding has it where the comment applies: the problem has been
    fixed, or the comment is in the wrong place. Such a comment would hide later findings.

    Example:
        model:
          epochs: 8  # recgen: ignore RG202: an old experiment

    Use instead:
        model:
          epochs: 8

    Remove the code, or move the comment to the line that the finding names.
    """


@rule("RG008", "error")
def ignore_refused() -> None:
    """An error that cannot be ignored.

    The rendered code would not work, so there is nothing to gain by ignoring the error. Errors
    that only affect how good the model is can be ignored: they become warnings.

    Example:
        model:
          epochs: 0  # recgen: ignore RG013: later

    Use instead:
        model:
          epochs: 8

    Fix the config, then remove the comment.
    """


@rule("RG010", "error")
def key_unknown() -> None:
    """Unknown key.

    An unknown key would have no effect. Silently ignored keys once hid for years that weight
    sharing and vocabulary limits never reached the model.

    Example:
        model:
          learning_rte: 0.05

    Use instead:
        model:
          learning_rate: 0.05

    Write the key as the message suggests, or remove it.
    """


@rule("RG011", "error")
def key_missing() -> None:
    """A required key is missing.

    The key has no default that would suit everyone.

    Example:
        features:
          buyer_model_features:
            - data_type: text

    Use instead:
        features:
          buyer_model_features:
            - {column: country, data_type: text}

    Add the key.
    """


@rule("RG012", "error")
def type_wrong() -> None:
    """Wrong type.

    Values are never converted: `"0.05"` is text, `1.0` is not a whole number and `true` is not a
    number. Silent conversion would turn typing errors into models.

    Example:
        model:
          learning_rate: "0.05"

    Use instead:
        model:
          learning_rate: 0.05

    Write a value of the type that the message names.
    """


@rule("RG013", "error")
def value_not_allowed() -> None:
    """Value not allowed.

    The value is outside its range, or is not one of the known words.

    Example:
        model:
          optimizer: adagard

    Use instead:
        model:
          optimizer: adagrad

    Choose a value within the limits that the message names.
    """


@rule("RG014", "error")
def text_unwritable() -> None:
    r"""Text that cannot be written to a file.

    The text contains a NUL character or half of a surrogate pair, which a Python file in UTF-8
    cannot hold.

    Example:
        name: "shop\0"

    Use instead:
        name: "shop"

    Remove the character. All other Unicode is fine.
    """


@rule("RG015", "error")
def more_findings() -> None:
    """More findings than are listed.

    Hundreds of findings usually have one cause, and nobody reads them all: 300 are listed, errors
    first. This finding is as severe as the worst one that is not listed.

    Example:
        recgen check transactions.json

    Fix what is listed, then check again.
    """
