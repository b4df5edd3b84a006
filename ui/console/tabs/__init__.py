"""The parts of the console as Gradio shows them: one module each, over the functions beside them."""
