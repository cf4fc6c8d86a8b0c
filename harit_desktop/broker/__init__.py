"""The built-in MQTT broker: a child process and its owner in the program.

Owns the choice of engine (mosquitto where it is installed, else amqtt), the child's life
from start to end, and the port on loopback. The only package that imports amqtt; knows no
Qt, no store and no MQTT client. This file imports nothing, because the child passes
through it on its way to listening.
"""
