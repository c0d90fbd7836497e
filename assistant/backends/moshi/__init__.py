"""Kyutai's Moshi on this machine: PyTorch or MLX behind one contract (`contract.py`).

Only `torch_*.py` and `mlx_*.py` import a framework, and only the backend process imports those.
"""
