import gc
def test_a_import():
    import gradio
    gc.collect()
def test_b_blocks():
    import gradio as gr
    with gr.Blocks() as b:
        gr.Chatbot(); t=gr.Textbox(); t.submit(lambda x:x,t,t)
    gc.collect()
def test_c_mount():
    import gradio as gr, fastapi
    with gr.Blocks() as b:
        gr.Textbox()
    app=gr.mount_gradio_app(fastapi.FastAPI(), b, path="/")
    gc.collect()
def test_d_client():
    import fastapi
    from fastapi.testclient import TestClient
    with TestClient(fastapi.FastAPI()) as c:
        assert c.get("/config").status_code==404
    gc.collect()
async def test_e_async():
    gc.collect()
def test_f_after():
    gc.collect()
async def test_g_async():
    gc.collect()
