"""onnxruntime behind the port of the domain's scoring."""
