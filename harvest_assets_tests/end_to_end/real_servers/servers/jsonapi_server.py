"""djangorestframework-jsonapi 8.1 (https://github.com/django-json-api/django-rest-framework-json-api): ``jsonapi_server.py FILE.json``.

Its own renderers, pagination and filters, nothing of ours; run with the Python that has it. The file holds ``people`` and ``books``; a
book is written again by PATCH. The port that was free is the first line of output.
"""

import json
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

# Django relates models to each other only within applications, which are modules: this one.
sys.modules["library"] = sys.modules[__name__]

settings.configure(
    SECRET_KEY="of a test",  # noqa: S106 - nothing is signed
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django_filters", "rest_framework", "rest_framework_json_api", "library"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "EXCEPTION_HANDLER": "rest_framework_json_api.exceptions.exception_handler",
        "DEFAULT_PAGINATION_CLASS": "rest_framework_json_api.pagination.JsonApiPageNumberPagination",
        "DEFAULT_PARSER_CLASSES": ["rest_framework_json_api.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework_json_api.renderers.JSONRenderer"],
        "DEFAULT_METADATA_CLASS": "rest_framework_json_api.metadata.JSONAPIMetadata",
        "DEFAULT_FILTER_BACKENDS": [
            "rest_framework_json_api.filters.QueryParameterValidationFilter",
            "rest_framework_json_api.filters.OrderingFilter",
            "rest_framework_json_api.django_filters.DjangoFilterBackend",
        ],
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django is set up before it is used
from django.db import connection, models  # noqa: E402 - as above
from django.urls import include, path  # noqa: E402 - as above
from rest_framework.routers import DefaultRouter  # noqa: E402 - as above
from rest_framework_json_api import serializers, views  # noqa: E402 - as above


class Person(models.Model):  # noqa: DJ008 - nobody prints it
    """Somebody who wrote a book."""

    name = models.CharField(max_length=200)

    class Meta:
        app_label = "library"


class Book(models.Model):  # noqa: DJ008 - nobody prints it
    """What is listed."""

    title = models.CharField(max_length=200)
    modified = models.DateTimeField()
    authors = models.ManyToManyField(Person, related_name="books")

    class Meta:
        app_label = "library"
        ordering = ("modified", "id")


class PersonSerializer(serializers.ModelSerializer):
    """Type ``Person``."""

    class Meta:
        model = Person
        fields = ("name",)


class BookSerializer(serializers.ModelSerializer):
    """Type ``Book``; authors are included where ``include=authors`` asks for them."""

    included_serializers = {"authors": PersonSerializer}  # noqa: RUF012 - the library's

    class Meta:
        model = Book
        fields = ("title", "modified", "authors")


class BookViewSet(views.ModelViewSet):
    """``/books``, filtered by ``filter[modified.gte]`` and ``filter[modified.lt]``."""

    queryset = Book.objects.prefetch_related("authors")
    serializer_class = BookSerializer
    filterset_fields = {"modified": ("gte", "lt")}  # noqa: RUF012 - the library's


router = DefaultRouter(trailing_slash=False)
router.register("books", BookViewSet)
urlpatterns = [path("", include(router.urls))]


class QuietHandler(WSGIRequestHandler):
    """The harvest records its requests."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main(file: Path) -> None:
    """Load the records, then serve until terminated."""
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Book)
    content = json.loads(file.read_text(encoding="utf-8"))
    Person.objects.bulk_create(Person(**each) for each in content["people"])
    for each in content["books"]:
        authors = each.pop("authors")
        Book.objects.create(**each).authors.set(authors)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=QuietHandler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
