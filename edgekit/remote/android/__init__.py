"""A phone at the end of a cable, by the system's ``adb``. What is sent is removed again."""
