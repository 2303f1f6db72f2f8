"""An HTTP status that WeChat does not accept, met by a probe. The codes' home is the judge of replies."""

from __future__ import annotations

from wxalarm.model import Basis
from wxalarm.wechat.reply import codes
from wxalarm.wechat.reply.transport import redirect_case as redirect_case
from wxalarm.wechat.reply.transport import redirects as redirects
from wxalarm.wechat.statuses import status_case as status_case

HTTP_STATUS = codes.HTTP_STATUS.variant(basis=Basis.REPRODUCED)
HTTP_REDIRECT = codes.HTTP_REDIRECT.variant(basis=Basis.REPRODUCED)
