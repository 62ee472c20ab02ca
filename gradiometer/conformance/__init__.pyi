from .conform import check as check
from .expected import Expected as Expected
from .expected import read as read
from .result import Check as Check
from .result import Report as Report
from .result import Verdict as Verdict
