"""What a result was made from: code, packages, configuration, input; and what of that has changed since."""

from kdlib.provenance.code import code_digest, code_modules, code_parts, data_files
from kdlib.provenance.packages import package_versions

__all__ = ["code_digest", "code_modules", "code_parts", "data_files", "package_versions"]
