"""One module per door: what a provider sends, verified and parsed; what it gets back."""
