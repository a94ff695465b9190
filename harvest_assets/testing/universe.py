"""``Universe``: repositories, a file host and their faults, served together on one loopback port.

Paths: ``/oai/NAME``, ``/json/NAME/STYLE``, ``/sitemap/NAME/…``, ``/feed/NAME/KIND``, ``/dumps/NAME/…``, ``/files/…``,
``/landing/NAME/IDENTIFIER``, ``/faults/NAME`` (GET, POST with JSON, DELETE) and ``/`` for a list of addresses.
"""

from functools import partial
from html import escape
from threading import Lock
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter, ValidationError

from harvest_assets.errors import ConfigurationError
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.dumps import Dumps
from harvest_assets.testing.exchange import HTML, JSON, Answer, Question, Seen, answer_text
from harvest_assets.testing.faults import Faults, Refusal, Strike, Switchboard, damage, refuse
from harvest_assets.testing.feeds import Feeds
from harvest_assets.testing.files import FileHost
from harvest_assets.testing.json_api import STYLES, JsonApi
from harvest_assets.testing.oai_pmh import OaiPmh
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.server import HOST, LoopbackServer
from harvest_assets.testing.sitemaps import Sitemaps

_FAULTS = TypeAdapter(Faults)
_METHODS = {"oai": ("GET", "HEAD", "POST"), "json": ("GET", "HEAD", "POST"), "faults": ("GET", "POST", "DELETE")}
_READING = ("GET", "HEAD")


class _Site:
    """One repository and those who answer for it."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self.repository = repository
        self.oai_pmh = OaiPmh(repository, addresses)
        self.json_api = JsonApi(repository, addresses)
        self._sitemaps = Sitemaps(repository, addresses)
        self._feeds = Feeds(repository, addresses)
        self._dumps = Dumps(repository, addresses)

    def answer_file(self, area: str, rest: str, question: Question, strike: Strike) -> Answer | None:
        """A sitemap, a feed or a dump; nothing for any other area."""
        if area == "sitemap":
            return self._sitemaps.answer(rest, strike)
        if area == "feed":
            return self._feeds.answer(rest, question.arguments, strike)
        return self._dumps.answer(rest, strike) if area == "dumps" else None


class Universe:
    """A server to harvest from. Use it as a context manager, or call ``start`` and ``stop``; repositories may come before or after.

    ``port=0`` takes a free port at each start.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: LoopbackServer | None = None
        self._repositories: dict[str, Repository] = {}
        self._sites: dict[str, _Site] = {}
        self._switchboard = Switchboard()
        self._seen: list[Seen] = []
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Bind the port and answer from now on; a started universe stays as it is."""
        if self._server is None:
            self._server = LoopbackServer(self._port, self._respond)
            self._sites = {}
            self._server.open()
        return self

    def stop(self) -> None:
        """Stop answering and free the port; the repositories keep their state."""
        if self._server is not None:
            self._server.close()
            self._server = None

    # -- what is served ------------------------------------------------------------------------------------------------------------

    def add(self, repository: Repository) -> Repository:
        """Serve a repository under its name, in place of one that had it."""
        with self._lock:
            self._repositories[repository.name] = repository
            self._sites.pop(repository.name, None)
        return repository

    def repository(self, name: str) -> Repository:
        """The repository with a name."""
        if name not in self._repositories:
            raise ConfigurationError(f"universe: no repository {name!r}; there are {sorted(self._repositories)!r}, add it first")
        return self._repositories[name]

    def faults(self, name: str, faults: Faults | None = None) -> None:
        """Replace the faults of a repository; without any, it behaves. Counting (``times``) starts again."""
        self.repository(name)
        self._switchboard.set(name, faults or Faults())

    # -- where it is served --------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The origin, such as ``http://127.0.0.1:8000``."""
        return self._addresses().origin

    @property
    def files_url(self) -> str:
        """The file host; append ``/NAME.pdf``, ``.jpg`` or ``.png``."""
        return self._addresses().files

    def oai_url(self, name: str) -> str:
        """Base URL of a repository's OAI-PMH."""
        return self._addresses().oai(self.repository(name).name)

    def json_url(self, name: str, style: str = "next") -> str:
        """A repository's JSON API, in one of the styles of `json_api`."""
        if style not in STYLES:
            raise ConfigurationError(f"universe: JSON style {style!r} is not one of {', '.join(STYLES)}")
        return self._addresses().json(self.repository(name).name, style)

    def sitemap_url(self, name: str, file: str = "index.xml") -> str:
        """A sitemap of a repository's landing pages: ``index.xml``, ``part-1.xml.gz``, ``all.xml`` or ``all.txt``."""
        return f"{self.url}/sitemap/{self.repository(name).name}/{file}"

    def feed_url(self, name: str, kind: str = "atom") -> str:
        """A feed of a repository: ``rss``, ``rdf``, ``atom``, ``paged``, ``archive`` or ``complete``."""
        return f"{self.url}/feed/{self.repository(name).name}/{kind}"

    def dump_url(self, name: str, file: str) -> str:
        """A dump of a repository, such as ``records.csv``, ``json.zip`` or ``xml/``; see `dumps`."""
        return f"{self.url}/dumps/{self.repository(name).name}/{file}"

    def _addresses(self) -> Addresses:
        port = self._server.server_port if self._server else self._port
        if not port:
            raise ConfigurationError("universe: it has no address yet; start it, or give it a port")
        return Addresses(f"http://{HOST}:{port}")

    # -- what was asked ------------------------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Seen]:
        """Requests since the start or ``clear_requests``, in the order of their arrival; those to ``/faults`` are left out."""
        with self._lock:
            return list(self._seen)

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._seen.clear()

    # -- answering -----------------------------------------------------------------------------------------------------------------

    def _respond(self, question: Question) -> Answer:
        area, _, rest = question.path.removeprefix("/").partition("/")
        if area != "faults":
            with self._lock:
                self._seen.append(Seen(question.method, question.path, question.query))
        allowed = _METHODS.get(area, _READING)
        if question.method not in allowed:
            return answer_text(405, f"{question.method} is not allowed here", ("Allow", ", ".join(allowed)))
        if area == "files":
            return FileHost(self._addresses()).answer(question, rest)
        if not question.path.strip("/"):
            return answer_text(200, "\n".join(self.describe()))
        name, _, rest = rest.partition("/")
        site = self._site(name)
        return self._answer_site(area, site, rest, question) if site else answer_text(404, f"nothing at {question.path!r}")

    def _answer_site(self, area: str, site: _Site, rest: str, question: Question) -> Answer:
        name = site.repository.name
        strike = partial(self._switchboard.strike, name)
        if area == "oai" and not rest:
            return site.oai_pmh.answer(question.arguments, strike)
        if area == "json":
            return site.json_api.answer(rest, question, strike)
        if area == "landing":
            return self._answer_landing(site.repository, rest)
        if area == "faults" and not rest:
            return self._answer_faults(name, question)
        return site.answer_file(area, rest, question, strike) or answer_text(404, f"nothing at {question.path!r}")

    def _answer_landing(self, repository: Repository, identifier: str) -> Answer:
        hits = self._switchboard.strike(repository.name, 0)
        if hits.refusal:
            return refuse(hits.refusal)
        if identifier in hits.faults.poison:
            return refuse(Refusal(hits.faults.poison_status))
        if not repository.has(identifier):
            return answer_text(404, f"no record {identifier!r}")
        record = repository.record(identifier)
        if record.deleted:
            return answer_text(410, f"record {identifier!r} is deleted")
        title = escape(record.content.title)
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return damage(Answer(200, page.encode(), HTML), hits)

    def _answer_faults(self, name: str, question: Question) -> Answer:
        if question.method == "DELETE":
            self._switchboard.set(name, Faults())
        if question.method == "POST":
            try:
                self._switchboard.set(name, _FAULTS.validate_json(question.body))
            except ValidationError as error:
                return Answer(400, error.json(include_url=False).encode(), JSON)
        return Answer(200, _FAULTS.dump_json(self._switchboard.get(name), exclude_defaults=True), JSON)

    def _site(self, name: str) -> _Site | None:
        with self._lock:
            if name in self._repositories and name not in self._sites:
                self._sites[name] = _Site(self._repositories[name], self._addresses())
            return self._sites.get(name)

    def describe(self) -> list[str]:
        """The addresses of everything that can be read, one a line."""
        addresses = self._addresses()
        lines: list[str] = []
        for name in self._repositories:
            lines += [addresses.oai(name) + "?verb=Identify", *(addresses.json(name, style) for style in STYLES if style != "post")]
            lines.append(f"{addresses.origin}/faults/{name}")
        return [*lines, f"{addresses.files}/example.pdf"]
