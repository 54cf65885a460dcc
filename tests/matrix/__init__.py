"""The compatibility matrix: every model of ``keras.applications`` in every format, converted, run and compared."""
