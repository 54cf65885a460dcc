"""Coral's Edge TPU at this machine: the devices, Google's library for them, and what is wrong where it does not work.

Everything here runs on the device itself, this machine or one behind ssh, and imports nothing heavy.
"""
