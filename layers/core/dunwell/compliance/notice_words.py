"""The words of the notices, by language. A key's ``_short`` form is for text messages and uses their plain alphabet.

``_email`` and ``_sms`` forms are for these channels alone; ``_link`` is what the link after a notice says. Texts in a
language other than English are translations of the English ones, which follow the rule that ``notices`` cites.
"""

from typing import Final

_ENGLISH = {
    "identity": "This is a message about money owed to {creditor}, sent by {creditor}.",
    "identity_short": "{creditor}:",
    "identity_call": "I am calling from {creditor} about your account with us.",
    "identity_sender": "This message was sent by {creditor}.",
    "identity_sender_short": "{creditor}:",
    "identity_sender_call": "I am calling from {creditor}.",
    "identity_for_other": "This is a message about money owed to {owed_to}, sent by {creditor}.",
    "identity_for_other_short": "{creditor} for {owed_to}:",
    "identity_for_other_call": "I am calling from {creditor} about money owed to {owed_to}.",
    "collector_first": (
        "This communication is from a debt collector. This is an attempt to collect a debt, and any information "
        "obtained will be used for that purpose."
    ),
    "collector_first_short": (
        "This is an attempt to collect a debt. Any information obtained will be used for that purpose."
    ),
    "collector_later": "This communication is from a debt collector.",
    "collector_later_short": "From a debt collector.",
    "time_barred": (
        "The law limits how long a person can be sued for a debt. Because of the age of this debt, nobody will sue you "
        "for it. In some states a payment can start that time again."
    ),
    "time_barred_short": "Because of its age, you will not be sued for this debt.",
    "advice_uk": (
        "Free, confidential and independent advice about debt is available from MoneyHelper: www.moneyhelper.org.uk."
    ),
    "data": "You can ask us at any time what we hold about you, and have it corrected. Write to the address above.",
    "opt_out_email": "To get no more e-mail about your account at this address:",
    "opt_out_email_link": "stop e-mail reminders",
    "opt_out_short": "Reply STOP to opt out.",
}

_SPANISH = {
    "identity": "Este mensaje trata de un importe pendiente con {creditor} y lo envía {creditor}.",
    "identity_short": "{creditor}:",
    "identity_call": "Llamo de {creditor} por su cuenta con nosotros.",
    "identity_sender": "Este mensaje lo envía {creditor}.",
    "identity_sender_short": "{creditor}:",
    "identity_sender_call": "Llamo de {creditor}.",
    "identity_for_other": "Este mensaje trata de un importe pendiente con {owed_to} y lo envía {creditor}.",
    "identity_for_other_short": "{creditor} por {owed_to}:",
    "identity_for_other_call": "Llamo de {creditor} por un importe pendiente con {owed_to}.",
    "collector_first": (
        "Esta comunicación procede de un cobrador de deudas. Es un intento de cobrar una deuda y toda información "
        "obtenida se utilizará para ese fin."
    ),
    "collector_first_short": (
        "De un cobrador de deudas, para cobrar una deuda. Los datos obtenidos se usan para ese fin."
    ),
    "collector_later": "Esta comunicación procede de un cobrador de deudas.",
    "collector_later_short": "De un cobrador de deudas.",
    "time_barred": (
        "La ley limita el tiempo durante el cual se puede demandar a una persona por una deuda. Por la antigüedad de "
        "esta deuda, nadie le demandará por ella. En algunos estados, un pago puede iniciar de nuevo ese plazo."
    ),
    "time_barred_short": "Por ser antigua, nadie le demanda por esta deuda.",
    "advice_uk": (
        "MoneyHelper ofrece asesoramiento gratuito, confidencial e independiente sobre deudas: www.moneyhelper.org.uk."
    ),
    "data": (
        "Puede preguntarnos en cualquier momento qué datos suyos tenemos y pedir que los corrijamos. Escriba a la "
        "dirección indicada arriba."
    ),
    "opt_out_email": "Para no recibir más correos sobre su cuenta en esta dirección:",
    "opt_out_email_link": "dejar de recibir recordatorios",
    "opt_out_short": "Responda STOP para no recibir SMS.",
}

_FRENCH = {
    "identity": "Ce message concerne une somme due à {creditor} et vous est envoyé par {creditor}.",
    "identity_short": "{creditor} :",
    "identity_call": "Je vous appelle de la part de {creditor} au sujet de votre compte chez nous.",
    "identity_sender": "Ce message vous est envoyé par {creditor}.",
    "identity_sender_short": "{creditor} :",
    "identity_sender_call": "Je vous appelle de la part de {creditor}.",
    "identity_for_other": "Ce message concerne une somme due à {owed_to} et vous est envoyé par {creditor}.",
    "identity_for_other_short": "{creditor} pour {owed_to} :",
    "identity_for_other_call": "Je vous appelle de la part de {creditor} au sujet d’une somme due à {owed_to}.",
    "collector_first": (
        "Cette communication provient d’un agent de recouvrement. Elle a pour but de recouvrer une dette, et toute "
        "information obtenue sera utilisée à cette fin."
    ),
    "collector_first_short": (
        "Agent de recouvrement, pour recouvrer une dette. Toute information obtenue servira dans ce but."
    ),
    "collector_later": "Cette communication provient d’un agent de recouvrement.",
    "collector_later_short": "De la part d'un agent de recouvrement.",
    "time_barred": (
        "La loi limite le délai pendant lequel une personne peut être poursuivie pour une dette. En raison de "
        "l’ancienneté de cette dette, personne ne vous poursuivra pour elle. Dans certains États, un paiement peut "
        "faire courir ce délai à nouveau."
    ),
    "time_barred_short": "Dette ancienne : personne ne vous poursuivra pour elle.",
    "advice_uk": (
        "MoneyHelper propose des conseils gratuits, confidentiels et indépendants en cas de dettes : "
        "www.moneyhelper.org.uk."
    ),
    "data": (
        "Vous pouvez à tout moment nous demander quelles données nous détenons sur vous et les faire rectifier, en "
        "écrivant à l’adresse ci-dessus."
    ),
    "opt_out_email": "Pour ne plus recevoir d’e-mails au sujet de votre compte à cette adresse :",
    "opt_out_email_link": "ne plus recevoir de rappels",
    "opt_out_short": "Répondez STOP pour ne plus recevoir de SMS.",
}

_GERMAN = {
    "identity": "Diese Nachricht betrifft eine Forderung von {creditor} und kommt von {creditor}.",
    "identity_short": "{creditor}:",
    "identity_call": "Ich rufe im Namen von {creditor} wegen Ihres Kundenkontos an.",
    "identity_sender": "Diese Nachricht kommt von {creditor}.",
    "identity_sender_short": "{creditor}:",
    "identity_sender_call": "Ich rufe von {creditor} an.",
    "identity_for_other": "Diese Nachricht betrifft eine Forderung von {owed_to} und kommt von {creditor}.",
    "identity_for_other_short": "{creditor} für {owed_to}:",
    "identity_for_other_call": "Ich rufe von {creditor} wegen einer Forderung von {owed_to} an.",
    "collector_first": (
        "Diese Mitteilung kommt von einem Inkassounternehmen. Sie dient dem Einzug einer Forderung; alle Angaben, die "
        "wir dabei erhalten, werden zu diesem Zweck verwendet."
    ),
    "collector_first_short": (
        "Von einem Inkassounternehmen, zum Einzug einer Forderung. Alle Angaben dienen diesem Zweck."
    ),
    "collector_later": "Diese Mitteilung kommt von einem Inkassounternehmen.",
    "collector_later_short": "Von einem Inkassounternehmen.",
    "time_barred": (
        "Das Gesetz begrenzt, wie lange jemand wegen einer Schuld verklagt werden kann. Weil diese Schuld so alt ist, "
        "wird Sie ihretwegen niemand verklagen. In manchen Bundesstaaten kann eine Zahlung die Frist neu beginnen "
        "lassen."
    ),
    "time_barred_short": "Wegen ihres Alters wird Sie niemand wegen dieser Schuld verklagen.",
    "advice_uk": (
        "Kostenlose, vertrauliche und unabhängige Schuldenberatung bietet MoneyHelper: www.moneyhelper.org.uk."
    ),
    "data": (
        "Sie können uns jederzeit fragen, welche Daten wir über Sie speichern, und sie berichtigen lassen. Schreiben "
        "Sie dazu an die oben genannte Adresse."
    ),
    "opt_out_email": "Wenn Sie an diese Adresse keine E-Mails zu Ihrem Konto mehr erhalten möchten:",
    "opt_out_email_link": "Erinnerungen per E-Mail abbestellen",
    "opt_out_short": "Antwort STOP beendet diese SMS.",
}

WORDS: Final = {"en": _ENGLISH, "es": _SPANISH, "fr": _FRENCH, "de": _GERMAN}
