"""Log lines that hosts read: one JSON object per line on the real stderr."""

import json
import logging
from datetime import datetime, timezone
from typing import TextIO

LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warn", "ERROR": "error", "CRITICAL": "error"}


class HclogFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc)
        entry = {
            **getattr(record, "fields", {}),
            "@level": LEVELS.get(record.levelname, "debug"),
            "@message": record.getMessage(),
            "@module": record.name,
            # Six digits: a Go host takes a line with any other number for text.
            "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        if record.exc_info:
            entry["stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to(stderr: TextIO) -> None:
    handler = logging.StreamHandler(stderr)
    handler.setFormatter(HclogFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # It reports every call that the host ends, as all end at last.
    logging.getLogger("grpclib").setLevel(logging.WARNING)
