"""Random encoders of two layers, with a tokenizer trained here, in sentence-transformers' own form."""

CORPUS = [
    "Licencia de conducir. Cuesta $ 20.000. Cuesta S/ 24.50.",
    "Primeira CNH. A taxa é de R$ 90,00. Certidão de nascimento. É gratuita.",
    "Beca de alimentación escolar. No cuesta nada. ¿Cómo renuevo mi licencia?",
    "Costo Custo Oficina query: passage: carteira de motorista brevete",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE(unk_token="[UNK]"))
    core.pre_tokenizer = pre_tokenizers.ByteLevel()
    core.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=600,
            special_tokens=SPECIAL,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=256,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def bert(folder, kind, seed, width, **changed):
    import torch
    import transformers

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    words = tokenizer()
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=256, initializer_range=0.3, **changed,
    )  # fmt: skip
    getattr(transformers, kind)(config).eval().save_pretrained(folder)
    words.save_pretrained(folder)


def encoder(folder, seed=0, width=32, prompts=None):
    """Mean pooling over a random BERT: texts that share words are near each other."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bert(folder / "bert", "BertModel", seed, width)
    layer = Transformer(str(folder / "bert"))
    made = SentenceTransformer(
        modules=[layer, Pooling(width, "mean")], device="cpu", prompts=prompts or {}
    )
    made.save(str(folder / "model"))
    return str(folder / "model")


def cross_encoder(folder, seed=0):
    """One score for a pair of texts, by a random BERT."""
    bert(folder, "BertForSequenceClassification", seed, 32, num_labels=1)
    return str(folder)
