"""The page: Gradio's components, one module a tab."""
