from .api import load as load
from .api import resume as resume
from .api import run as run
from .descent.descend import descend as descend
from .descent.frames import Descent as Descent
from .errors import Declined as Declined
from .errors import GradiometerError as GradiometerError
from .errors import Unsupported as Unsupported
from .errors import UnsupportedOperation as UnsupportedOperation
from .intermediates.trace import trace as trace
from .intermediates.traced import Trace as Trace
from .measure.options import Options as Options
from .runs.run import Run as Run
from .tracing.own import own_problem as own_problem
from .vocabulary.method import Method as Method
from .vocabulary.method import Primal as Primal
from .vocabulary.method import Target as Target
from .vocabulary.namespace import Namespace as Namespace
from .vocabulary.point import Argument as Argument
from .vocabulary.point import Directions as Directions
from .vocabulary.point import Point as Point
from .vocabulary.point import Signature as Signature
from .vocabulary.problem import Problem as Problem
from .vocabulary.problem import problem as problem
from .vocabulary.space import Space as Space

__version__: str
