"""What the page of our own API shows beside its settings: the address, who can reach it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout

from harit_desktop.ui.dialog_parts import button, sentences
from harit_desktop.ui.settings.fields import SecretField
from harit_desktop.ui.settings.page_view import PageView
from harit_desktop.ui.settings.validation import is_beyond_loopback
from harit_desktop.ui.words import plain

ENABLED, HOST, PORT = "local_api.enabled", "local_api.host", "local_api.port"
TOKEN, CONSENT = "local_api.token", "local_api.allow_network"
TOKEN_BYTES = 24


class LocalApiExtras(QObject):
    """Says what the settings mean, makes a token, and takes a consent back that is no longer
    about anything."""

    def __init__(self, view: PageView) -> None:
        super().__init__(view)
        self._view = view
        self._address = sentences("settings.localApi.address", "dense", "info")
        view.below(PORT).addWidget(self._address)
        self._warning = sentences("settings.localApi.allowNetwork.warning", "dense", "warn")
        view.below(CONSENT).addWidget(self._warning)
        row = QHBoxLayout()
        row.setSpacing(8)
        make = button("settings.localApi.token.make", self.tr("Make a token"))
        make.setToolTip(self.tr("Copy it before you leave: afterwards it is not shown again"))
        make.clicked.connect(self._make_token)
        self._copy = button("settings.localApi.token.copy", self.tr("Copy"))
        self._copy.clicked.connect(self._copy_token)
        row.addWidget(make)
        row.addWidget(self._copy)
        row.addStretch(1)
        view.below(TOKEN).addLayout(row)

    def update(self, values: Mapping[str, Any]) -> None:
        """Takes what the page shows now."""
        far = is_beyond_loopback(values.get(HOST))
        if not far and values.get(CONSENT):
            self._view.fields[CONSENT].set_value(False)
        self._copy.setEnabled(bool(values.get(TOKEN)))
        self._warning.setVisible(far)
        self._warning.setText(
            self.tr(
                "▲ Everyone on the network who has the token can then read all stored readings "
                "and add new ones. The connection is not encrypted: use it in your own network "
                "only. Without a token it is not offered to other computers."
            )
        )
        host, port = plain(str(values.get(HOST))), values.get(PORT)
        template = (
            self.tr("Pages and scripts on this computer find it at http://{host}:{port}.")
            if not far
            else self.tr("Other computers find it at port {port} of this computer's address.")
        )
        self._address.setText(template.format(host=host, port=port))
        self._address.setVisible(port is not None and bool(values.get(ENABLED)))

    def _make_token(self) -> None:
        field = self._view.fields[TOKEN]
        field.set_value(secrets.token_urlsafe(TOKEN_BYTES))
        if isinstance(field, SecretField):
            field.show_text()
        field.edited.emit()

    def _copy_token(self) -> None:
        QGuiApplication.clipboard().setText(self._view.fields[TOKEN].value()[0])
