"""A random Llama of two layers, with a tokenizer trained on a few sentences and Llama 3.1's marks."""

import json

CORPUS = [
    "¿Cuánto cuesta renovar la licencia de conducir en la República Dominicana?",
    "Para sacar el pasaporte necesita su cédula de identidad y pagar la tasa.",
    "Para emitir a certidão de nascimento, vá ao cartório com o seu CPF.",
    "La ClaveÚnica sirve para hacer trámites en línea con el Estado de Chile.",
    '{"kind":"health","sure":true,"note":"education transport general"}',
]
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
           "<|eot_id|>"]  # fmt: skip
TEMPLATE = (
    "{{ '<|begin_of_text|>' }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


def tokenizer(vocabulary=512):
    """Byte-level BPE trained here; its end-of-text is not what ends a turn, as in Llama 3."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SPECIAL),
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    core.train_from_iterator(CORPUS, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        clean_up_tokenization_spaces=False,
    )
    made.add_special_tokens({"additional_special_tokens": SPECIAL[2:]})
    made.chat_template = TEMPLATE
    return made


def config(words, **changed):
    """Two layers, 64 wide, four heads of which two hold keys and values."""
    from transformers import LlamaConfig

    shapes = {
        "vocab_size": len(words) + 3,  # as real models, a little more than the tokenizer has
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "bos_token_id": words.convert_tokens_to_ids(SPECIAL[0]),
        "eos_token_id": words.convert_tokens_to_ids(SPECIAL[1]),
    }
    return LlamaConfig(**{**shapes, **changed})


def llama(words, seed=0, **changed):
    """The model, its weights drawn from `seed` and wide enough that words differ clearly."""
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    model = LlamaForCausalLM(config(words, **changed)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.normal_(0, 0.3)
    return model


def repository(folder, seed=0, **changed):
    """A folder as a hub's repository is: config.json, safetensors, tokenizer."""
    words = tokenizer()
    llama(words, seed, **changed).save_pretrained(folder)
    words.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 64
    return folder
