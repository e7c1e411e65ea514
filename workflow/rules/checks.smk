# What can be wrong with the working directory itself, reported before any job starts.
from snakemake.logging import logger

from kdlib.files import DataError
from kdlib.workdir import check_writable, hold
from kdlib.provenance.manifest import made_elsewhere

if workflow.is_main_process and made_elsewhere(Path(RUN), Path(".snakemake/metadata")):
    logger.warning(
        f"{RUN} was made in another folder, and Snakemake's records of it (.snakemake/metadata) are not here: only "
        "dates tell what is up to date. Copy .snakemake of that folder as well; or ask `kdlib why` what has changed, "
        "and if nothing has, take the results over with --forceall --touch."
    )


HELD = []  # until this process ends


onstart:
    try:
        check_writable([Path(folder) for folder in (RUN, LOGS, "cache")])
        HELD.append(hold(Path(".snakemake/run.lock")))
    except DataError as error:
        raise WorkflowError(str(error)) from None
