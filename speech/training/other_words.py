"""English words outside the vocabulary, spoken by synthetic voices so that the model learns to answer `[unk]`.

The second list is never trained on: the card's rejection figures for unheard words come from it.
"""

from __future__ import annotations

TRAINED = tuple(
    """
    hello stop please thanks maybe later what when monday tuesday friday sunday house table water money phone number
    street again next menu office people doctor pizza london happy garden color music basic little coffee summer winter
    open close start account balance service transfer minute problem ticket speak talk want need about address after
    afternoon already always animal answer anyone apple april august baby bad bank because before begin believe better
    big bill billing bird black blue book bottle boy bread break bring brother building business buy camera card carry
    change cheap check child city class clean clear cold company computer connect cool cost country credit customer
    daughter day december deliver department different dinner dog dollar door drive early east easy eat email end
    english enough evening every exchange expensive family far farm fast father february feel few find fine finger
    finish fire first fish floor flower follow food foot forget forward fresh from full funny game gave get
    girl give glass good great green ground group grow guess hand hard hat have hear heavy her here high him hold home
    hope horse hospital hot hotel how hundred hurry husband idea important information inside internet january job july
    june just keep key kind kitchen know language large last late laugh learn leave letter library light like line
    listen live long look lose lost love low lunch machine main make man manager many march market married master
    matter may mean medicine meet message middle milk million mind mine miss mobile month more morning most mother
    mountain mouth move much must my name near never new news nice night noise north nose note nothing november october
    off often oil old online only other out outside page paper park part party password pay pen pencil
    perfect picture place plan plane play pocket police poor post power press pretty price print private promise pull
    push put question quick quiet radio rain read ready really reason receive record red refund remember rent reply
    rest restaurant return rice ride river road rock room round run sad safe sale same sand saturday save say school
    sea season second see sell send september shop short should show sick side sign simple since sister sit sleep slow
    small smile snow soft some son song soon sorry sound south space spell spend spring stand star station still stone
    store story strange strong student study subject sugar sun support sure surname sweet swim take taste teach team
    teeth tell ten test text their then there they thing think this thousand through thursday time tired today together
    tomorrow tonight tooth top touch town track traffic train travel tree trip trouble true try turn uncle under
    understand until update use usual vegetable very visit voice wall warm was wash watch way wear weather wednesday
    week well west wet white who whole why wife will wind window wish with woman wood word work world worry write wrong
    year yellow yesterday you young your yet bye foreign knife correct
    """.split()  # noqa: SIM905 - five hundred quoted strings would be no easier to read
)

HELD_OUT = tuple(
    """
    invoice insurance reservation warranty engineer tracking banana elephant
    purple guitar kitchenette holiday breakfast umbrella football mortgage pension airport bicycle
    chicken sandwich engine battery keyboard mirror pillow rabbit silver thunder valley wonder zebra
    """.split()  # noqa: SIM905
)
