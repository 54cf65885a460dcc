"""What the machine is, as one JSON document: ``python -m edgekit.measure.device_worker``."""

from edgekit.child import Reply
from edgekit.measure.device import describe_device

if __name__ == "__main__":
    Reply().send(describe_device().to_dict())
