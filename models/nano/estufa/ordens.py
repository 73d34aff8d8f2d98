"""The greenhouse's orders, each with its command."""

from __future__ import annotations

from fractions import Fraction

from qwark_nano.command_set import Command
from qwark_nano.voice import Voice, lines, words

from .numeros import litres, number

Order = tuple[str, Command]

BEDS = {
    "tomates": "(os tomates|os tomates|os tomateiros|o canteiro de tomates|os pés de tomate)",
    "alface": "(a alface|as alfaces|o canteiro de alface|a alface)",
    "morangos": "(os morangos|os morangueiros|o canteiro de morangos|os morangos)",
    "ervas": "(as ervas|os temperos|o canteiro de ervas|as ervas)",
}
WATER = lines("""
    (rega|regue|molha|molhe|regar|molhar) {bed}
    (rega|regue|molha|molhe) {bed} (um pouco|agora|por favor|bem|direito)
    (dá|dê|dar|bota|coloca|põe) água (n|para |em ){bed}
    {bed} (precisam de água|precisa de água|está com sede|estão com sede)
    água para {bed}
    (faz|faça) a rega d{bed}
    * (quero|preciso) que você regue {bed}
    * está na hora de regar {bed}
""")
WATER_MUCH = lines("""
    (rega|regue|molha|molhe|regar) {bed} com {much}
    (rega|regue|molha|molhe) {bed} com (exatamente|uns|mais|só) {much}
    (dá|dê|bota|coloca|põe) {much} (para|em) {bed}
    {much} (para|em) {bed}
    {bed} com {much}
    (põe|bota|coloca|dá|dê) {much} (em|para) {bed}
    (usa|use) {much} para regar {bed}
    * com {much} (rega|regue) {bed}
    * {bed}: {much}
""")
OPEN = lines("""
    (abre|abra|abrir) a janela
    (abre|abra) (bem|toda|um pouco|logo) a janela
    (deixa|deixe) a janela aberta
    janela aberta
    (deixa|deixe) entrar ar
    (levanta|levante) a janela do teto
    (areja|areje|ventila) a estufa
    * quero a janela aberta
""")
CLOSE = lines("""
    (fecha|feche|fechar) a janela
    (fecha|feche) (bem|toda|logo|já) a janela
    (deixa|deixe) a janela fechada
    janela fechada
    (baixa|baixe) a janela do teto
    não deixa entrar (frio|ar|chuva)
    * quero a janela fechada
""")
LIGHT_ON = lines("""
    (acende|acenda|liga|ligue|acender|ligar) (a luz|a lâmpada|as luzes|a luz)
    luz acesa
    (quero|preciso de) luz
    (está|tá) escuro, (acende|acenda) a luz
    (ilumina|ilumine) a estufa
    * (deixa|deixe) a luz acesa
""")
LIGHT_OFF = lines("""
    (apaga|apague|desliga|desligue|apagar|desligar) (a luz|a lâmpada|as luzes|a luz)
    luz apagada
    (está|tá) claro, (apaga|apague) a luz
    chega de luz
    (deixa|deixe) tudo escuro
    * (deixa|deixe) a luz apagada
""")
FAN = {
    0: lines("""
        (desliga|desligue|apaga|desligar|para) o ventilador
        ventilador desligado
        ventilador no zero
        (chega de|sem) vento
        * (deixa|deixe) o ventilador desligado
    """),
    1: lines("""
        ventilador (fraco|no fraco|no um|no nível um|no nível 1|no mínimo)
        (liga|ligue|põe|coloca|deixa|bota) o ventilador (no fraco|fraco|no nível 1|no um|no mínimo|bem fraquinho)
        um ventinho fraco
        * o ventilador fraco
    """),
    2: lines("""
        (liga|ligue|ligar) o ventilador
        ventilador (ligado|médio|no médio|no dois|no nível dois|no nível 2)
        (liga|ligue|põe|coloca|deixa|bota) o ventilador (no médio|no nível 2|no dois)
        * o ventilador médio
    """),
    3: lines("""
        ventilador (forte|no forte|no três|no nível três|no nível 3|no máximo)
        (liga|ligue|põe|coloca|deixa|bota) o ventilador (no forte|forte|no nível 3|no três|no máximo|com tudo)
        vento forte
        * o ventilador no máximo
    """),
}
TOO_FAST = lines("""
    ventilador no (nível|) {n}
    (liga|ligue|põe|coloca) o ventilador no (nível|) {n}
""")
WAIT = lines("""
    (espera|espere|aguarda|aguarde|esperar) {t}
    (espera|espere|aguarda|aguarde) (uns|mais|só) {t}
    (faz|faça) uma pausa de {t}
    pausa de {t}
    (fica|fique) parada (por|) {t}
    * daqui a {t} continua
    * por {t}, (espera|espere)
""")
MEASURES = {
    "temperatura": lines("""
        (qual é|qual|mede|meça|diz|diga|me diz|quero saber) a temperatura
        (está|tá|faz) (quente|frio|calor) aí (dentro|)
        (me diz|diz|) quantos graus (faz|estão fazendo|tem) (aí|na estufa|)
        temperatura
        como está a temperatura
        * me informa a temperatura
    """),
    "umidade": lines("""
        (qual é|qual|mede|meça|diz|diga|me diz|quero saber) a umidade (do ar|)
        o ar (está|tá) (muito|) (seco|úmido)
        umidade (do ar|)
        como está a umidade
        * me informa a umidade
    """),
    "solo": lines("""
        (a terra|o solo) (está|tá) (seca|molhada|úmida|boa)
        (mede|meça|diz|me diz|verifica|verifique|olha) (o solo|a terra) (pra mim|)
        como está (o solo|a terra)
        (as plantas têm sede|as plantas precisam de água)
        * me informa como está o solo
    """),
}
STOP = lines("""
    (para|pare|parar) (tudo|agora|já|)
    (para|pare)
    chega
    basta
    (para|pare) com isso
    parem as máquinas
    alto
    não, não, (para|pare)
    (para|pare) (tudo|já|agora), (por favor|para|já)
    (chega|basta), (por favor|para|chega)
    (para|pare), (para|pare)
    * (para|pare) tudo imediatamente
""")
IMPOSSIBLE = lines("""
    (rega|regue|molha) (o|a) (gramado|rosa|cacto|pimenta|orquídea|jardim|vaso da sala|limoeiro)
    (colhe|planta|poda|aduba|corta|come|vende|fotografa|pinta) (os tomates|a alface|os morangos|as ervas|tudo|uma flor)
    (abre|fecha|tranca) (a porta|o portão|a torneira|a cortina|a garagem|o armário)
    (liga|desliga) (a tv|o rádio|o aquecedor|a bomba|o computador|a geladeira|o forno)
    (toca|canta|põe) (uma música|um samba|o hino|uma canção)
    (me conta|conta) uma (piada|história)
    (que horas são|que dia é hoje|vai chover amanhã|quem é você|como você se chama|quanto custa um tomate)
    (faz|prepara|traz) (um café|o almoço|uma salada|um suco|um bolo|pão de queijo)
    (liga para|chama|manda mensagem para) (minha mãe|o João|a Maria|o jardineiro|o vizinho)
    (a luz|deixa a luz|põe a luz) (azul|vermelha|verde|piscando|mais forte|mais fraca)
    (mede|qual é) (o vento lá fora|a altura dos tomates|o meu peso|a pressão|a distância)
    (limpa|varre|lava|arruma) (o chão|a estufa|as folhas|os vidros|a mesa)
    (dança|pula|voa|vem cá|vai embora|dorme|assobia)
    (mata|espanta|caça) (as formigas|os pulgões|as lesmas|o gato|os passarinhos)
    * (busca|compra) (sementes|adubo|terra)
    * (que tempo vai fazer|quem ganhou o jogo)
""")
BROKEN = lines("""
    rega
    rega os
    rega com
    abre
    abre a
    fecha a
    liga
    liga o
    desliga a
    apaga
    o ventilador
    a janela
    a luz
    espera uns
    espera por
    qual é
    qual é a
    mede a
    põe
    põe o
    os
    com dois
    quando
    e depois
    por favor
    então
    você pode
    hum
    ahn
    é
    tipo assim
    la la la
    blá blá blá
    * coloca o
    * depois a
""")
SYLLABLES = words(
    "ba ca da fa ga ja la ma na pa ra sa ta va xa ze be ce de fe me ne pe re se te bi di fi li mi ri ti vi bo co do go lo mo no po ro to vo bu cu du lu mu nu ru su tu lha nha ção ões quei gri tra plo",
    keep=False,
)


def water(voice: Voice) -> Order:
    """Waters a bed."""
    name = voice.rng.choice(list(BEDS))
    bed = voice.fill(BEDS[name])
    if voice.chance(0.4):
        text = voice.say(WATER, bed=bed).replace(" n" + bed, " em " + bed).replace("da a ", "da ").replace("do o ", "do ")
        return contracted(text), {"regar": {"canteiro": name}}
    amount = Fraction(voice.rng.randint(1, 20), 2)
    return contracted(voice.say(WATER_MUCH, bed=bed, much=litres(amount, voice))), {"regar": {"canteiro": name, "litros": amount}}


def contracted(text: str) -> str:
    """`text` with "em os" and "d" before an article drawn together."""
    for apart, together in (
        (" em os ", " nos "),
        (" em as ", " nas "),
        (" em o ", " no "),
        (" em a ", " na "),
        ("para os ", "pros "),
        (" rega dos os ", " rega dos "),
    ):
        if apart != "para os " or len(text) % 2:
            text = text.replace(apart, together)
    return text


def fan(voice: Voice) -> Order:
    """Sets the fan."""
    level = voice.rng.randrange(4)
    return voice.say(FAN[level]), {"ventilador": {"nivel": level}}


def wait(voice: Voice) -> Order:
    """Waits."""
    if voice.chance(0.25):
        said, minutes = voice.rng.choice(
            (
                ("meia hora", 30),
                ("uma hora", 60),
                ("um pouco", 1),
                ("um momento", 1),
                ("um minuto", 1),
                ("um minutinho", 1),
                ("um quarto de hora", 15),
            )
        )
    else:
        minutes = voice.rng.randint(2, 60)
        said = f"{number(minutes, voice)} {voice.fill('(minutos|minutos|min)')}"
    return voice.say(WAIT, t=said), {"esperar": {"minutos": minutes}}


def measure(voice: Voice) -> Order:
    """Asks for a reading."""
    what = voice.rng.choice(list(MEASURES))
    return voice.say(MEASURES[what]), {"medir": {"medida": what}}


def window(voice: Voice) -> Order:
    """Opens or closes the window."""
    choices, state = voice.rng.choice(((OPEN, "aberta"), (CLOSE, "fechada")))
    return voice.say(choices), {"janela": {"estado": state}}


def light(voice: Voice) -> Order:
    """Turns the light on or off."""
    choices, state = voice.rng.choice(((LIGHT_ON, "acesa"), (LIGHT_OFF, "apagada")))
    return voice.say(choices), {"luz": {"estado": state}}


def refusal(reason: str) -> Command:
    """The command that refuses."""
    return {"recusar": {"motivo": reason}}


def dangerous(voice: Voice) -> Order:
    """Asks for too much."""
    kind = voice.rng.random()
    if kind < 0.5:
        bed = voice.fill(voice.rng.choice(list(BEDS.values())))
        much = litres(Fraction(voice.rng.choice((voice.rng.randint(21, 30), voice.rng.randint(21, 190))), 2), voice)
        text = contracted(voice.say(WATER_MUCH, bed=bed, much=much))
    elif kind < 0.8:
        said = voice.rng.choice(
            (
                f"{number(voice.rng.randint(61, 180), voice)} minutos",
                f"{number(voice.rng.randint(2, 12), voice)} horas",
                "uma hora e meia",
                "um dia",
                "uma semana",
            )
        )
        text = voice.say(WAIT, t=said)
    else:
        text = voice.say(TOO_FAST, n=number(voice.rng.randint(4, 20), voice))
    return text, refusal("perigoso")


def confusing(voice: Voice) -> Order:
    """Breaks off, or is noise."""
    if voice.chance(0.65):
        return voice.pick(BROKEN), refusal("confuso")
    made = ("".join(voice.pick(SYLLABLES) for _ in range(voice.rng.randint(2, 4))) for _ in range(voice.rng.randint(1, 4)))
    return " ".join(made), refusal("confuso")
