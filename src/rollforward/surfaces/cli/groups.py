"""Groups of options: a dataclass declares options once, and each command that takes the group has them all."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

R = TypeVar("R")


def expanded(command: Callable[..., R]) -> Callable[..., R]:
    """The command with each of its groups replaced by the options of that group."""
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _options(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    return _with_signature(command, groups, parameters)


def _options(group: Any) -> list[inspect.Parameter]:  # noqa: ANN401  a dataclass
    hints = get_type_hints(group, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(field.name, keyword, default=_default(field), annotation=hints[field.name])
        for field in fields(group)
    ]


def _default(option: Field[Any]) -> Any:  # noqa: ANN401  whatever an option may be
    """The default of an option; one without any has to be given."""
    return inspect.Parameter.empty if option.default is MISSING else option.default


def _with_signature(
    command: Callable[..., R], groups: dict[str, Any], parameters: list[inspect.Parameter]
) -> Callable[..., R]:
    def run(**given: Any) -> R:  # noqa: ANN401  whatever the options hold
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**given, **made)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run
