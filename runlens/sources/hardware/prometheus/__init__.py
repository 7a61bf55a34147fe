"""A Prometheus server as a source beside a run: `prometheus://HOST:9090?match={…}`."""
