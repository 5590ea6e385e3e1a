"""What the backends that run a network share. Triton knows a backend's own folder alone, so these
modules are copied into every backend's folder (`ServerEnvironment.gather_backends`).
"""
