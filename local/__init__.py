"""What a developer runs: the local AWS, the Pleo simulator, the Tryton set-up, the demo."""
