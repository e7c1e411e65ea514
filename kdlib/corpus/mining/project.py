"""What the files of a source declare: found by name, from the place where the name is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kdlib.java.assertions import is_test_annotation
from kdlib.java.methods import CompilationUnit, Method, TypeDeclaration, base_name, simple_name
from kdlib.sources.layout import is_test_path, steps_between


@dataclass(frozen=True, slots=True, eq=False)
class ProjectFile:
    """A file that parsed.

    Attributes:
        path: Path inside the source.
        content: Bytes of the file.
        unit: Declarations of the file.
        is_test_code: Whether it lies among tests.
    """

    path: str
    content: bytes
    unit: CompilationUnit
    is_test_code: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_test_code", is_test_path(self.path))


@dataclass(frozen=True, slots=True, eq=False)
class ProjectType:
    """A type and the file that declares it; two files may declare the same name (variants of one library)."""

    file: ProjectFile
    declaration: TypeDeclaration
    name: str

    def simple(self) -> str:
        """Return the simple name."""
        return simple_name(self.name)

    def is_inside(self, other: ProjectType) -> bool:
        """Return whether this is ``other`` or nested in it."""
        return self.file is other.file and (self.name + ".").startswith(other.name + ".")


class Declared(NamedTuple):
    """A method with the type that declares it."""

    owner: ProjectType
    method: Method


@dataclass(slots=True)
class Project:
    """An index over all types of a source."""

    by_name: dict[str, list[ProjectType]] = field(default_factory=lambda: defaultdict(list))
    by_simple: dict[str, list[ProjectType]] = field(default_factory=lambda: defaultdict(list))
    by_file: dict[ProjectFile, list[ProjectType]] = field(default_factory=lambda: defaultdict(list))
    by_method: dict[str, list[Declared]] = field(default_factory=lambda: defaultdict(list))
    _supertypes: dict[ProjectType, list[ProjectType]] = field(default_factory=dict)
    _converts: dict[ProjectType, frozenset[str]] = field(default_factory=dict)
    _lineages: dict[ProjectType, list[ProjectType]] = field(default_factory=dict)
    _members: dict[tuple[ProjectType, str], list[Declared]] = field(default_factory=dict)
    _visible: dict[tuple[ProjectType, str], list[Declared]] = field(default_factory=dict)
    _statics: dict[ProjectFile, list[tuple[str, ProjectType]]] = field(default_factory=dict)
    _owners: dict[str, ProjectType | None] = field(default_factory=dict)
    _resolved: dict[tuple[str, ProjectFile | ProjectType], ProjectType | None] = field(default_factory=dict)
    _test_files: set[ProjectFile] = field(default_factory=set)

    def resolve(self, name: str, file: ProjectFile, inside: ProjectType | None = None) -> ProjectType | None:
        """Return the project's type that a name stands for in a file, or None if it is not of the project.

        Args:
            name: Simple or dotted name, without type arguments.
            file: File in which the name is written; its imports and package decide.
            inside: The type around it, whose own and inherited member types come first.
        """
        if simple_name(name) not in self.by_simple:
            return None
        place = name, inside or file
        if place not in self._resolved:
            self._resolved[place] = self._look_up(name, file, inside)
        return self._resolved[place]

    def _look_up(self, name: str, file: ProjectFile, inside: ProjectType | None) -> ProjectType | None:
        for around in self.lineage(inside) if inside else ():
            if nested := self.by_name.get(f"{around.name}.{name}"):
                return _nearest(nested, file)
        package = file.unit.package
        outer = name.partition(".")[0]
        qualified = [f"{around.name}.{name}" for around in file.unit.types]
        for item in file.unit.imports:
            if not item.everything and simple_name(item.name) == outer:
                return self._named([item.name + name[len(outer) :]], file)
        names = [f"{package}.{part}" if package else part for part in (*qualified, name)]
        names += [f"{item.name}.{name}" for item in file.unit.imports if item.everything]
        return self._named([*names, name], file)

    def _named(self, names: list[str], file: ProjectFile) -> ProjectType | None:
        return next((_nearest(self.by_name[name], file) for name in names if name in self.by_name), None)

    def supertypes(self, kind: ProjectType) -> list[ProjectType]:
        """Return the project's types that a type is or inherits from, itself first."""
        if kind not in self._supertypes:
            found = [kind]
            seen = {kind}
            for known in found:  # grows while it is read, each type once
                for written in known.declaration.supertypes:
                    above = self.resolve(base_name(written), known.file)
                    if above is not None and above not in seen:
                        found.append(above)
                        seen.add(above)
            self._supertypes[kind] = found
        return self._supertypes[kind]

    def converts_to(self, kind: ProjectType) -> frozenset[str]:
        """Return the simple names of a type and of all that it is written to inherit from."""
        if kind not in self._converts:
            kinds = self.supertypes(kind)
            written = {simple_name(base_name(name)) for k in kinds for name in k.declaration.supertypes}
            self._converts[kind] = frozenset(written | {k.simple() for k in kinds})
        return self._converts[kind]

    def members(self, kind: ProjectType, name: str) -> list[Declared]:
        """Return the methods of that name that a type has or inherits, its own first."""
        place = kind, name
        if place not in self._members:
            self._members[place] = self._declared_in(self.supertypes(kind), name)
        return self._members[place]

    def constructors(self, kind: ProjectType) -> list[Declared]:
        """Return the explicit constructors of a type."""
        place = kind, ""
        if place not in self._members:
            self._members[place] = [Declared(kind, made) for made in kind.declaration.constructors]
        return self._members[place]

    def visible(self, kind: ProjectType, name: str) -> list[Declared]:
        """Return the methods of that name that a type sees without a receiver, nearest first."""
        place = kind, name
        if place not in self._visible:
            self._visible[place] = self._declared_in(self.lineage(kind), name)
        return self._visible[place]

    def implementation(self, found: Declared, kind: ProjectType) -> Declared:
        """Return the only production method behind a signature called on a type, else the signature."""
        if found.method.has_body:
            return found
        bodies = [
            item
            for item in self.by_method[found.method.name]
            if item.method.has_body and len(item.method.parameters) == len(found.method.parameters)
            if kind in self.supertypes(item.owner) and self.is_production(item.owner)
        ]
        same = [item for item in bodies if item.method.parameters == found.method.parameters] or bodies
        return same[0] if len(same) == 1 else found

    def only_owner(self, name: str) -> ProjectType | None:
        """Return the only production type that declares a method of that name, or None."""
        if name not in self._owners:
            kinds = {item.owner.name: item.owner for item in self.by_method.get(name, ())}
            owners = [kind for kind in kinds.values() if self.is_production(kind)]
            self._owners[name] = owners[0] if len(owners) == 1 else None
        return self._owners[name]

    def static_imports(self, file: ProjectFile, name: str) -> list[ProjectType]:
        """Return the project's types from which a file may statically import a member of that name."""
        if file not in self._statics:
            imports = [item for item in file.unit.imports if item.static]
            owners = [item.name if item.everything else item.name.rpartition(".")[0] for item in imports]
            kinds = (self.resolve(owner, file) for owner in owners)
            named = zip(imports, kinds, strict=True)
            self._statics[file] = [
                ("" if item.everything else simple_name(item.name), kind) for item, kind in named if kind
            ]
        return [kind for member, kind in self._statics[file] if member in ("", name)]

    def _declared_in(self, owners: list[ProjectType], name: str) -> list[Declared]:
        rank = {owner: place for place, owner in reversed([*enumerate(owners)])}
        declared = [item for item in self.by_method.get(name, ()) if item.owner in rank]
        return sorted(declared, key=lambda item: rank[item.owner])

    def types_of(self, file: ProjectFile) -> list[ProjectType]:
        """Return the types that a file declares, outer before inner."""
        return self.by_file.get(file, [])

    def outermost(self, kind: ProjectType) -> ProjectType:
        """Return the top-level type around a type, or the type itself."""
        name = kind.declaration.name.partition(".")[0]
        return next(other for other in self.types_of(kind.file) if other.declaration.name == name)

    def lineage(self, kind: ProjectType) -> list[ProjectType]:
        """Return the types whose members are visible inside a type: its supertypes, then its outer types'."""
        if kind not in self._lineages:
            self._lineages[kind] = list(self._around(kind))
        return self._lineages[kind]

    def _around(self, kind: ProjectType) -> Iterator[ProjectType]:
        around: ProjectType | None = kind
        while around is not None:
            yield from self.supertypes(around)
            outer = self.by_name.get(around.name.rpartition(".")[0], ())
            around = next((other for other in outer if kind.is_inside(other)), None)

    def has_external_supertype(self, kind: ProjectType, suffix: str) -> bool:
        """Return whether a type inherits, through the project, from a foreign one whose name ends so."""
        return any(
            base_name(written).endswith(suffix) and self.resolve(base_name(written), known.file) is None
            for known in self.supertypes(kind)
            for written in known.declaration.supertypes
        )

    def note_test_files(self, files: Iterable[ProjectFile]) -> None:
        """Take files out of the code that may be under test."""
        self._test_files.update(files)

    def is_production(self, kind: ProjectType) -> bool:
        """Return whether a type is neither among tests nor in a file that holds some."""
        return not kind.file.is_test_code and kind.file not in self._test_files

    def is_test(self, kind: ProjectType, method: Method) -> bool:
        """Return whether a method of a type is a test: by annotation, or by name in a JUnit 3 test case.

        The annotation ``Test`` of a type is TestNG's: it makes tests of all public methods that return
        nothing and do not prepare or end a test.
        """
        if is_annotated_test(kind, method):
            return method.has_body
        by_name = method.name.startswith("test") and not method.parameters and method.returns == "void"
        return by_name and method.has_body and self.has_external_supertype(kind, "TestCase")


def is_annotated_test(kind: ProjectType, method: Method) -> bool:
    """Return whether a method is marked as a test, by its own annotation or by that of its type."""
    if any(map(is_test_annotation, method.annotations)):
        return True
    by_type = "Test" in kind.declaration.annotations and method.public and method.returns == "void"
    return by_type and not any(name.startswith(("Before", "After")) for name in method.annotations)


def index(files: Iterable[ProjectFile]) -> Project:
    """Return the index of a source's files."""
    project = Project()
    for file in files:
        for declaration in file.unit.types:
            name = f"{file.unit.package}.{declaration.name}" if file.unit.package else declaration.name
            kind = ProjectType(file, declaration, name)
            project.by_name[name].append(kind)
            project.by_simple[kind.simple()].append(kind)
            project.by_file[file].append(kind)
            for method in declaration.methods:
                project.by_method[method.name].append(Declared(kind, method))
    kinds = [kind for named in project.by_name.values() for kind in named]
    tests = (kind for kind in kinds if any(project.is_test(kind, m) for m in kind.declaration.methods))
    project.note_test_files(kind.file for kind in tests)
    return project


def _nearest(candidates: list[ProjectType], file: ProjectFile) -> ProjectType:
    return min(candidates, key=lambda kind: distance(kind, file))


def distance(kind: ProjectType, file: ProjectFile) -> tuple[bool, int, str]:
    """Return what orders types of one name: production code first, then the steps between their folders."""
    return kind.file.is_test_code, steps_between(file.path, kind.file.path), kind.file.path
