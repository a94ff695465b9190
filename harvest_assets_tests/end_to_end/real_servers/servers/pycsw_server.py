"""pycsw 2.6.2 (https://pycsw.org) over a catalogue in SQLite: ``pycsw_server.py FOLDER``, with the Python that has pycsw.

``FOLDER/records/*.xml`` are loaded into ``FOLDER/catalogue.db``, which is read for every request, so that a catalogue changes while it
is served. OAI-PMH is at ``/?mode=oaipmh``. The port that was free is the first line of output.
"""

import os
import socket
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from pycsw.core import admin, config  # noqa: E402 - pycsw warns while it is imported
from waitress import serve  # noqa: E402 - as above

CONFIGURATION = """[server]
home={home}
url=http://127.0.0.1:{port}/
mimetype=application/xml; charset=UTF-8
encoding=UTF-8
language=en-US
maxrecords={batch}
loglevel=ERROR
logfile=
[manager]
transactions=false
[metadata:main]
identification_title=Catalogue
identification_abstract=Catalogue
identification_keywords=catalogue
identification_keywords_type=theme
identification_fees=None
identification_accessconstraints=None
provider_name=Provider
provider_url=https://example.org/
contact_name=Somebody
contact_position=Keeper
contact_address=Street
contact_city=City
contact_stateorprovince=Province
contact_postalcode=1234
contact_country=Country
contact_phone=0
contact_fax=0
contact_email=somebody@example.org
contact_url=https://example.org/
contact_hours=9-5
contact_instructions=none
contact_role=pointOfContact
[repository]
database={database}
table=records
"""
BATCH = 100


def main(folder: Path) -> None:
    """Load the records, then serve until terminated."""
    database = f"sqlite:///{folder / 'catalogue.db'}"
    home = Path(admin.__file__).parents[1]
    admin.setup_db(database, "records", str(home))
    admin.load_records(config.StaticContext(), database, "records", str(folder / "records"))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = folder / "pycsw.cfg"
    settings.write_text(CONFIGURATION.format(home=home, port=port, batch=BATCH, database=database), encoding="utf-8")
    os.environ["PYCSW_CONFIG"] = str(settings)
    from pycsw.wsgi import application  # noqa: PLC0415 - it reads the environment

    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    serve(application, sockets=[listener], threads=2)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
