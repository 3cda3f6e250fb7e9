"""The script that a platform's build runs: it compiles a TFX pipeline and submits it."""

from __future__ import annotations

from typing import Literal, get_args

from recgen.templates import TEMPLATES

PipelineKind = Literal["quicktest", "training"]
_SCRIPT = TEMPLATES / "platform" / "compile_and_submit.py"
_KIND = 'KIND = "quicktest"'


def pipeline_script(kind: PipelineKind = "quicktest") -> str:
    """Return the text of the script, a file that needs TFX and Google's libraries but not recgen.

    Its command line is that of the platform's script of the same kind. The test is measured: the
    trainer finds the split that Transform writes beside the validation's.

    Args:
        kind: `quicktest` for experiments, `training` for full trainings, which have GPUs by
            default and push the model.

    Raises:
        ValueError: There is no such kind.
    """
    if kind not in get_args(PipelineKind):
        raise ValueError(f"kind is {kind!r}: use one of {', '.join(get_args(PipelineKind))}")
    text = _SCRIPT.read_text(encoding="utf-8")
    return text.replace(_KIND, f'KIND = "{kind}"')
