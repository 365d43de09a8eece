#!/bin/sh
# No service may start while an image is built. The node image removes this file.
exit 101
