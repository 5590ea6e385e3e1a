"""The figures models are judged by, computed with numpy so that they hold through any endpoint."""
